/**
 * A guided walk through one step of TreePO with its real numbers: {@link
 * org.treepo4j.report.explain.StepExplainer} makes the step, {@link
 * org.treepo4j.report.explain.StepText} tells it. For people who learn or teach the algorithm;
 * training does not use it.
 */
package org.treepo4j.report.explain;
