/** The documents held against the code: commands, links, tables of settings, the example. */
package org.treepo4j.tests.docs;
