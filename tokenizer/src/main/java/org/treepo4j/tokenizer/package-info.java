/**
 * Text to token ids and back, and chat templates. {@link org.treepo4j.tokenizer.Tokenizer#load}
 * opens a Hugging Face folder, {@link org.treepo4j.tokenizer.ChatTemplate} renders messages with
 * the model's own template, {@link org.treepo4j.tokenizer.TokenizerTrainer} makes a vocabulary of
 * one's own. Nothing here knows tensors.
 */
package org.treepo4j.tokenizer;
