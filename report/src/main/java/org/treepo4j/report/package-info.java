/**
 * Looking at a run: {@link org.treepo4j.report.RunReport} writes one self-contained HTML file with
 * learning curves and a tree browser, {@link org.treepo4j.report.ReportServer} shows the same page
 * of a run that is still going on, and {@link org.treepo4j.report.TreeText} prints a tree to a
 * terminal. The page itself lies beside this package in the resources, in small files.
 */
package org.treepo4j.report;
