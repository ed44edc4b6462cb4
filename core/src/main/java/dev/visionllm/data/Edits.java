package dev.visionllm.data;

import java.util.List;
import java.util.random.RandomGenerator;

/**
 * Makes pairs of pictures with instructions, of scenes of one to three objects. Pair {@code i}
 * depends on the seed and on {@code i} alone.
 */
public final class Edits {
  private static final int STREAM = 1000; // apart from those of pictures and conversations
  private static final int TRIES = 400;

  private final Scenes scenes;
  private final ClassList nouns;
  private final List<EditKind> kinds;
  private final Phrases phrases = Phrases.builtIn("edits.txt");

  /**
   * @param scenes with {@link #settings}
   * @param kinds that are made, each as often as the others
   */
  public Edits(Scenes scenes, ClassList nouns, List<EditKind> kinds) {
    if (kinds.isEmpty()) throw new IllegalArgumentException("no kind of edit is given");
    this.scenes = scenes;
    this.nouns = nouns;
    this.kinds = List.copyOf(kinds);
  }

  /** Scenes that are easy to change: few objects, large and hardly covered. */
  public static Scenes.Settings settings(int side) {
    return new Scenes.Settings(side, side, 0, 1, 3, 0.85, 0.25, 0.5);
  }

  /**
   * Makes pair {@code index}.
   *
   * @throws IllegalArgumentException if the cut-outs allow no edit of a kind
   */
  Edit edit(long index) {
    RandomGenerator random = scenes.random(index, STREAM);
    EditKind kind = kinds.get(random.nextInt(kinds.size()));
    for (int i = 0; i < TRIES; i++) {
      Composition made = scenes.composition(random);
      if (made.layers().isEmpty()) continue;
      Edit edit = new Draft(scenes, nouns, phrases, made, random).of(kind);
      if (edit != null) return edit;
    }
    throw new IllegalArgumentException(
        "none of "
            + TRIES
            + " scenes allows an edit of the kind "
            + kind.word()
            + ": give more and other cut-outs, or leave the kind out");
  }
}
