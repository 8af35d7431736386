/** What every module may use: settings, durable files, and the refusal of what a user gave. */
package org.treepo4j.base;
