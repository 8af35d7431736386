/**
 * Transformer engines. {@link org.treepo4j.model.CausalLm} is the contract that every engine keeps,
 * {@link org.treepo4j.model.TokenTree} the batch format that everything after the tokenizer takes.
 */
package org.treepo4j.model;
