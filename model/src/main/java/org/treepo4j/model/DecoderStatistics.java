package org.treepo4j.model;

/**
 * What a decoder has done and holds.
 *
 * @param tokensComputed tokens fed through the model since it was opened, each counted once
 * @param batches calls of {@link BranchingDecoder#append}
 * @param livePaths paths not released
 * @param cachedTokens tokens whose keys and values are held
 * @param cacheBytes memory these take, in bytes
 */
public record DecoderStatistics(
    long tokensComputed, long batches, int livePaths, long cachedTokens, long cacheBytes) {}
