package dev.visionllm.data;

import java.util.Collections;
import java.util.List;
import java.util.random.RandomGenerator;

/** Draws from lists, for generators that {@link Collections#shuffle} does not take. */
final class Draw {
  private Draw() {}

  static <T> T any(List<T> list, RandomGenerator random) {
    return list.get(random.nextInt(list.size()));
  }

  static <T> void shuffle(List<T> list, RandomGenerator random) {
    for (int i = list.size() - 1; i > 0; i--) Collections.swap(list, i, random.nextInt(i + 1));
  }
}
