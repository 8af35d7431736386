/**
 * Tasks this project makes itself, small enough to learn on two cores: {@link
 * org.treepo4j.rl.tasks.SyntheticTask} is the contract, {@link org.treepo4j.rl.tasks.ChainSums},
 * {@link org.treepo4j.rl.tasks.Countdown} and {@link org.treepo4j.rl.tasks.Ledger} are the tasks.
 */
package org.treepo4j.rl.tasks;
