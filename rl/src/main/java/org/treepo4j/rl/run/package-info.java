/**
 * What every training run has: the {@linkplain org.treepo4j.rl.run.Policy policy} under training,
 * its optimiser, where the run stands, its checkpoints, and who is told how it goes on.
 */
package org.treepo4j.rl.run;
