package org.treepo4j.bench;

/**
 * One way of sampling trajectories, measured.
 *
 * @param engine engine and weight storage, for example {@code vector f32}
 * @param model the model's name
 * @param sampling what was done, as {@link SamplingBench} describes it
 * @param promptTokens tokens of the prompt
 * @param trajectories trajectories of one rollout, mean of all that were made
 * @param sampledTokens tokens of their segments, each segment once, mean
 * @param trajectoryTokens sum of their lengths, mean
 * @param sharingRatio the former by the latter
 * @param computedTokens tokens the decoder computed, those of the prompt too, mean
 * @param seconds the median time of one rollout
 * @param trajectoriesPerSecond from the median time
 * @param speedup trajectories per second relative to independent samples that compute the prompt
 *     each
 */
public record SamplingEntry(
    String engine,
    String model,
    String sampling,
    int promptTokens,
    double trajectories,
    double sampledTokens,
    double trajectoryTokens,
    double sharingRatio,
    double computedTokens,
    double seconds,
    double trajectoriesPerSecond,
    double speedup) {}
