/** OpenAI's REST interface: requests into sampling, sampling into answers. */
package org.treepo4j.serve.openai;
