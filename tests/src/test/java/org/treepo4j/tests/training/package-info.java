/** Laws of training that need an engine: trees against flattened trajectories, adapters. */
package org.treepo4j.tests.training;
