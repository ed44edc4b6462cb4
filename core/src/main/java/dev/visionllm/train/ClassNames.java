package dev.visionllm.train;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.random.RandomGenerator;

/**
 * The classes of prompts: those that a picture shows among others that are absent.
 *
 * @param all that there are
 * @param most names of a prompt, unless a picture shows more
 * @param narrow share of prompts that name one to five classes, not all that are shown
 */
record ClassNames(Collection<String> all, int most, double narrow) {
  private static final int FEWEST = 4; // names of a prompt that is not narrow
  private static final int NARROW = 5; // most names of one that is

  /** In random order; a narrow prompt names a few and not all of those that are there. */
  List<String> draw(Collection<String> inPicture, RandomGenerator random) {
    Set<String> there = new LinkedHashSet<>(inPicture);
    List<String> shown = new ArrayList<>(there);
    boolean few = random.nextDouble() < narrow;
    int wanted =
        few ? random.nextInt(1, NARROW + 1) : random.nextInt(Math.min(FEWEST, most), most + 1);
    if (few) {
      Collections.shuffle(shown, new Random(random.nextLong()));
      shown = shown.subList(0, random.nextInt(Math.min(wanted, shown.size()) + 1));
    }
    Set<String> names = new HashSet<>(shown);
    List<String> absent = new ArrayList<>(all.stream().filter(c -> !there.contains(c)).toList());
    List<String> out = new ArrayList<>(shown);
    while (out.size() < wanted && names.size() - shown.size() < absent.size()) {
      String name = absent.get(random.nextInt(absent.size()));
      if (names.add(name)) {
        out.add(name);
      }
    }
    Collections.shuffle(out, new Random(random.nextLong()));
    return out;
  }
}
