/** HTTP/1.1 with deadlines and bounds, on Netty; knows nothing of models. */
package org.treepo4j.serve.http;
