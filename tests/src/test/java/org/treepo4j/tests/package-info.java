/** What holds across rooms; {@code RoomsTest} holds the map of the house itself. */
package org.treepo4j.tests;
