/**
 * Where a training run meets a cluster: what a run gives to it and gets from it. The clusters
 * themselves are in modules of their own, found on the class path.
 */
package org.treepo4j.rl.cluster;
