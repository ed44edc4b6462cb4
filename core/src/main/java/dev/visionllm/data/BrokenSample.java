package dev.visionllm.data;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import tools.jackson.core.JacksonException;

/** A sample that cannot be used; the message names the file and the place in it. */
public final class BrokenSample extends IllegalArgumentException {
  private static final long serialVersionUID = 1;

  /** Reads a sample or a part of one. */
  @FunctionalInterface
  public interface Reading<T> {
    /** Throws if it cannot be used. */
    T read() throws IOException;
  }

  private final transient Problem problem;

  BrokenSample(Path file, String at, String message) {
    this(new Problem(file.toString(), at, message));
  }

  BrokenSample(Problem problem) {
    super(problem.toString());
    this.problem = problem;
  }

  /** Where and what. */
  public Problem problem() {
    return problem;
  }

  /**
   * Reads something at a place, so that every error of input names the place: a broken sample is
   * passed on as it is, and what else is thrown because of the input becomes one.
   *
   * @param at see {@link Problem#at}
   */
  public static <T> T located(Path file, String at, Reading<T> reading) {
    try {
      return reading.read();
    } catch (BrokenSample e) {
      throw e;
    } catch (IllegalArgumentException e) {
      throw new BrokenSample(file, at, e.getMessage());
    } catch (JacksonException e) {
      throw new BrokenSample(file, at, "not valid JSON: " + e.getOriginalMessage());
    } catch (IOException e) {
      throw new BrokenSample(file, at, reason(e));
    } catch (UncheckedIOException e) {
      throw new BrokenSample(file, at, reason(e.getCause()));
    }
  }

  private static String reason(IOException e) {
    return e instanceof NoSuchFileException missing
        ? "there is no file " + missing.getFile()
        : "cannot be read: " + e.getMessage();
  }
}
