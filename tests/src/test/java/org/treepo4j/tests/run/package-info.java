/** Whole runs through the command line, with models small enough to take a moment. */
package org.treepo4j.tests.run;
