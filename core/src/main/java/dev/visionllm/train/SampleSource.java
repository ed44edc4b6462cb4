package dev.visionllm.train;

import java.nio.file.Path;
import java.util.random.RandomGenerator;

/** Makes rows of data. Plain Java on loading threads: same arguments, same sample. */
interface SampleSource extends AutoCloseable {
  /** Number of pictures or questions. */
  int size();

  /** The picture of a sample, or the file that it is in. */
  Path file(int index);

  /** The place in that file, as "dialogue 7"; empty where the file is the sample. */
  default String at(int index) {
    return "";
  }

  /** See {@link Source#ratio}. */
  double ratio();

  /** What a mixture draws from. */
  default Mixture.Part part() {
    return new Mixture.Part(size(), ratio(), this::length);
  }

  /** How long the row of a sample is about, to put like to like; in any unit. */
  default int length(int index) {
    return 0;
  }

  /** Reads and prepares one. */
  Sample sample(int index, RandomGenerator random);

  /** Closes the files that it reads from as it goes. */
  @Override
  default void close() {}
}
