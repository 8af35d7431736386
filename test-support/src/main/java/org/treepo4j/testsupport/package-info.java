/** What the tests of all modules share; never a dependency of main code. */
package org.treepo4j.testsupport;
