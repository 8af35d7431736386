/**
 * Runs side by side: {@link org.treepo4j.report.comparison.RunComparison} makes a page with a table
 * and learning curves out of the folders of {@link org.treepo4j.report.comparison.FinishedRun}s.
 */
package org.treepo4j.report.comparison;
