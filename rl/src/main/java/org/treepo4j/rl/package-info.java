/** Rewards, advantages, losses, data, training and evaluation. */
package org.treepo4j.rl;
