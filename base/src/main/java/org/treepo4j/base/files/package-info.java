/** Files and folders that are there as a whole or not at all, also after a power cut, and locks. */
package org.treepo4j.base.files;
