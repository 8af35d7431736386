package org.treepo4j.tokenizer;

import java.util.List;

/**
 * What a tokenizer is made of.
 *
 * @param vocabulary the model's own tokens
 * @param addedTokens tokens looked for in the text first
 * @param normalizer rewrites the text between them
 * @param preTokenizer cuts it into pieces
 * @param model turns pieces into ids
 * @param postProcessor puts BOS and EOS around the ids
 * @param decoder turns tokens back into text
 */
record TokenizerParts(
    Vocabulary vocabulary,
    List<AddedToken> addedTokens,
    Normalizer normalizer,
    PreTokenizer preTokenizer,
    Model model,
    PostProcessor postProcessor,
    Decoder decoder) {

  TokenizerParts withAddedTokens(List<AddedToken> tokens) {
    return new TokenizerParts(
        vocabulary, tokens, normalizer, preTokenizer, model, postProcessor, decoder);
  }

  TokenizerParts withPostProcessor(PostProcessor processor) {
    return new TokenizerParts(
        vocabulary, addedTokens, normalizer, preTokenizer, model, processor, decoder);
  }
}
