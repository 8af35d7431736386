/** The report in a real browser: what it shows is what the run's files say. */
package org.treepo4j.tests.report;
