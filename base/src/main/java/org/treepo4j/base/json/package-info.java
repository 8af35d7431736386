/** JSON from files and programs of others: one value, bounded, problems in plain words. */
package org.treepo4j.base.json;
