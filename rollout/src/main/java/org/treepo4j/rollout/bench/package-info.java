/** What a tree saves: trees against independent samples, on one engine in one run. */
package org.treepo4j.rollout.bench;
