/** An HTTP server that answers as OpenAI's does, on the engines' own decoder. */
package org.treepo4j.serve;
