package org.treepo4j.bench;

/**
 * One measurement.
 *
 * @param engine engine and weight storage, for example {@code vector bf16}
 * @param shape the model's name
 * @param work what was done: {@code decode}; {@code decode shared} and {@code decode unshared},
 *     steps behind a long prompt; {@code sample shared} and {@code sample unshared}, that prompt
 *     and 64 tokens of every path; {@code prefill}; {@code train} and {@code train lora}, a forward
 *     and a backward pass
 * @param batch paths of a decoding step, tokens of a prompt, or tokens of a training step
 * @param tokensPerSecond from the median time
 * @param milliseconds the median time of one step
 * @param bestMilliseconds the shortest
 * @param limit tokens per second that the machine's limits, measured just before, would allow: the
 *     slower of reading all weights and of computing all matrix products with numbers that are in
 *     registers
 * @param fraction of the limit that was reached
 * @param productsFraction the same, had the processor no more to give than the vector engine's
 *     large products reach
 * @param peakBytes most resident memory of the process meanwhile, 0 where the system does not tell
 */
public record BenchEntry(
    String engine,
    String shape,
    String work,
    int batch,
    double tokensPerSecond,
    double milliseconds,
    double bestMilliseconds,
    double limit,
    double fraction,
    double productsFraction,
    long peakBytes) {}
