/** Tree sampling in pure Java against {@link org.treepo4j.model.BranchingDecoder}. */
package org.treepo4j.rollout;
