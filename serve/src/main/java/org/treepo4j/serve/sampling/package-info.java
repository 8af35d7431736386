/** Samples for many requests at once on one decoder; knows nothing of HTTP or JSON. */
package org.treepo4j.serve.sampling;
