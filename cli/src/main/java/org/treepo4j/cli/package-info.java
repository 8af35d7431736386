/** The command line: wiring and printing only. */
package org.treepo4j.cli;
