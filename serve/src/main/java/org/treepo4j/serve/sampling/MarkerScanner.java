package org.treepo4j.serve.sampling;

import java.util.List;

/**
 * Looks for the first of several markers in a text that grows. What may be the beginning of a
 * marker is held back until it is certain that it is not.
 */
public final class MarkerScanner {
  private final List<String> markers;
  private final int longest;
  private final StringBuilder held = new StringBuilder();
  private boolean found;

  /**
   * @param markers none of them empty
   */
  public MarkerScanner(List<String> markers) {
    this.markers = List.copyOf(markers);
    longest = markers.stream().mapToInt(String::length).max().orElse(0);
  }

  /** Takes more text; returns what is certain to stand before every marker. */
  public String append(String text) {
    held.append(text);
    int at = -1;
    int end = -1;
    for (String marker : markers) {
      int index = held.indexOf(marker);
      if (index >= 0 && (at < 0 || index < at)) {
        at = index;
        end = index + marker.length();
      }
    }
    if (at >= 0) {
      found = true;
      String before = held.substring(0, at);
      held.delete(0, end);
      return before;
    }
    int certain = held.length() - possibleBeginning();
    String before = held.substring(0, certain);
    held.delete(0, certain);
    return before;
  }

  /** Whether the last {@link #append} met a marker; {@link #rest} is what came behind it. */
  public boolean found() {
    return found;
  }

  /** What is held back; it is given once. */
  public String rest() {
    String rest = held.toString();
    held.setLength(0);
    return rest;
  }

  /** Length of the longest end of the text that some marker begins with. */
  private int possibleBeginning() {
    for (int length = Math.min(longest - 1, held.length()); length > 0; length--) {
      String end = held.substring(held.length() - length);
      if (markers.stream().anyMatch(marker -> marker.startsWith(end))) {
        return length;
      }
    }
    return 0;
  }
}
