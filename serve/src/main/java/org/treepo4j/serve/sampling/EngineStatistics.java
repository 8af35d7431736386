package org.treepo4j.serve.sampling;

import org.treepo4j.model.DecoderStatistics;

/**
 * What a {@link SamplingEngine} does and holds.
 *
 * @param waiting requests that wait for their turn
 * @param running requests that run
 * @param paths continuations that are sampled
 * @param keptPrompts prompts and answers kept to be forked
 * @param sampledTokens tokens sampled since the start
 * @param timesSetBack how often a request was set back because the cache was full
 * @param decoder what the decoder has done and holds
 */
public record EngineStatistics(
    int waiting,
    int running,
    int paths,
    int keptPrompts,
    long sampledTokens,
    long timesSetBack,
    DecoderStatistics decoder) {}
