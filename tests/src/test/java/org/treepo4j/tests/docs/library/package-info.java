/** The programs of {@code docs/library.md}. */
package org.treepo4j.tests.docs.library;
