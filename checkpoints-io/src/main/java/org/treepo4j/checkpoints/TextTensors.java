package org.treepo4j.checkpoints;

import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;

/**
 * The tensors of a folder that are the text model's, by the names that a text model alone gives
 * them. Hybrid models come inside vision-language folders, whose text tensors stand under {@code
 * model.language_model.}, and with layers for multi-token prediction.
 */
final class TextTensors {
  private static final String MODEL = "model.";
  private static final String NESTED = "model.language_model.";
  private static final String VISION = "model.visual.";
  private static final String PREDICTION = "mtp.";

  /** Names in the files by names of the text model. */
  private final Map<String, String> stored = new LinkedHashMap<>();

  private final Set<String> passedOver = new LinkedHashSet<>();
  private final boolean nested;

  private TextTensors(boolean nested) {
    this.nested = nested;
  }

  static TextTensors of(Architecture family, Collection<String> names) {
    boolean hybrid = family == Architecture.QWEN3_5;
    boolean nested = hybrid && names.stream().anyMatch(name -> name.startsWith(NESTED));
    TextTensors tensors = new TextTensors(nested);
    for (String name : names) {
      if (hybrid && (name.startsWith(VISION) || name.startsWith(PREDICTION))) {
        tensors.passedOver.add(name);
      } else if (nested && name.startsWith(NESTED)) {
        tensors.stored.put(MODEL + name.substring(NESTED.length()), name);
      } else {
        tensors.stored.put(name, name);
      }
    }
    return tensors;
  }

  Set<String> names() {
    return Collections.unmodifiableSet(stored.keySet());
  }

  Set<String> passedOver() {
    return Collections.unmodifiableSet(passedOver);
  }

  /** The name that a tensor has, or would have, in the files. */
  String storedName(String name) {
    String known = stored.get(name);
    if (known != null) {
      return known;
    }
    return nested && name.startsWith(MODEL) ? NESTED + name.substring(MODEL.length()) : name;
  }
}
