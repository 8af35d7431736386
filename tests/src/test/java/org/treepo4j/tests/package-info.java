/** What holds across modules; {@code ModulesTest} holds the dependencies between them. */
package org.treepo4j.tests;
