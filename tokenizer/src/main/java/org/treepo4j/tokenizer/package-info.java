/** Text to token ids and back, and chat templates. Nothing here knows tensors. */
package org.treepo4j.tokenizer;
