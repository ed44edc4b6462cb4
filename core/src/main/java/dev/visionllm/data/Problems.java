package dev.visionllm.data;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * What becomes of samples that cannot be used: the first one ends the run, or all of them are left
 * out and kept here. A problem that is met again, as in the next epoch, counts once. Safe for
 * several threads.
 */
public final class Problems {
  /** Reads one sample. */
  @FunctionalInterface
  public interface Body {
    /** Throws if the sample cannot be used. */
    void run() throws IOException;
  }

  private final boolean skip;
  private final Set<Problem> met = new LinkedHashSet<>();

  private Problems(boolean skip) {
    this.skip = skip;
  }

  /** The first problem is thrown, as {@link BrokenSample}. */
  public static Problems refuse() {
    return new Problems(false);
  }

  /** Broken samples are left out and kept. */
  public static Problems skip() {
    return new Problems(true);
  }

  /**
   * Reads one sample; what it throws because of its input is a problem at that place.
   *
   * @param at see {@link Problem#at}
   * @return whether the sample can be used
   * @throws BrokenSample if it cannot be used and problems are refused
   */
  public boolean take(Path file, String at, Body body) {
    try {
      return BrokenSample.located(
          file,
          at,
          () -> {
            body.run();
            return true;
          });
    } catch (BrokenSample e) {
      add(e);
      return false;
    }
  }

  /** Adds a problem that was found otherwise. */
  void add(Path file, String at, String message) {
    add(new BrokenSample(file, at, message));
  }

  private synchronized void add(BrokenSample broken) {
    if (!skip) {
      throw broken;
    }
    met.add(broken.problem());
  }

  /** How many there are. */
  public synchronized int total() {
    return met.size();
  }

  /** The first ones, in the order in which they were met. */
  public synchronized List<Problem> first(int most) {
    return met.stream().limit(most).toList();
  }
}
