package org.treepo4j.serve.openai;

import java.util.List;
import org.treepo4j.serve.models.ServedModel;
import org.treepo4j.serve.sampling.SamplingRequest;

/**
 * A request that can be sampled.
 *
 * @param prompts one or more, each with {@code n} answers
 * @param shape what its answer looks like
 * @param findsToolCalls whether the model was told to write tool calls that can be recognised
 */
record Generation(
    ServedModel model,
    List<SamplingRequest> prompts,
    SamplingFields fields,
    AnswerShape shape,
    boolean findsToolCalls) {}
