/**
 * What evaluations say and how sure it is: {@link org.treepo4j.rl.eval.EvaluationReport} of one
 * run, {@link org.treepo4j.rl.eval.RunComparison} of two.
 */
package org.treepo4j.rl.eval;
