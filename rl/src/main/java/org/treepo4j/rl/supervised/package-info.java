/** Pretraining and supervised fine-tuning on demonstrations. */
package org.treepo4j.rl.supervised;
