/** What the tests of all rooms share; never a dependency of main code. */
package org.treepo4j.testsupport;
