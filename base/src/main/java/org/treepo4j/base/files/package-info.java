/** Files that are there as a whole or not at all, also after a power cut. */
package org.treepo4j.base.files;
