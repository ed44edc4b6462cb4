package dev.visionllm.data.figures;

import dev.visionllm.data.figures.Bvh.Channel;
import dev.visionllm.data.figures.Bvh.Joint;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/** Reads BVH line by line; every message names the file and the line. */
final class BvhReader {
  private static final long MOST_BYTES = 256L << 20;
  private static final int MOST_JOINTS = 1000;
  private static final double MOST = 1e6; // of any value: units are centimetres or inches, degrees
  private static final Pattern SPACES = Pattern.compile("\\s+");

  private final Path file;
  private final BufferedReader lines;
  private final List<Joint> joints = new ArrayList<>();
  private int number;
  private String[] words = {};

  private BvhReader(Path file, BufferedReader lines) {
    this.file = file;
    this.lines = lines;
  }

  static Bvh read(Path file) throws IOException {
    if (Files.size(file) > MOST_BYTES) {
      throw new IllegalArgumentException(
          file + " has " + Files.size(file) + " bytes, BVH files may have " + MOST_BYTES);
    }
    // every byte is a character of Latin-1, and all that counts in the format is ASCII
    try (BufferedReader lines = Files.newBufferedReader(file, StandardCharsets.ISO_8859_1)) {
      return new BvhReader(file, lines).bvh();
    }
  }

  private Bvh bvh() throws IOException {
    hierarchy();
    expect("MOTION");
    next("Frames: COUNT");
    if (words.length != 2 || !words[0].equals("Frames:") || !words[1].matches("[0-9]{1,9}")) {
      throw wrong("Frames: COUNT");
    }
    int count = Integer.parseInt(words[1]);
    if (count < 1) throw bad("there is no frame, expected at least one");
    next("Frame Time: SECONDS");
    if (words.length != 3 || !words[0].equals("Frame") || !words[1].equals("Time:")) {
      throw wrong("Frame Time: SECONDS");
    }
    double time = value(2);
    if (time < 0) throw bad("the frame time " + words[2] + " is negative");
    int channels = joints.stream().mapToInt(j -> j.channels().size()).sum();
    List<float[]> frames = new ArrayList<>(); // grows with the file, whatever it claims to hold
    while (frames.size() < count) {
      String name = "frame " + (frames.size() + 1) + " of " + count;
      next(name);
      frames.add(frame(name, channels));
    }
    if (advance()) {
      frame("the frame after the last of " + count, channels); // exporters count from 0: left out
      if (advance()) throw bad("there is more after the last of " + count + " frames");
    }
    return new Bvh(file, joints, time, frames);
  }

  private float[] frame(String name, int channels) {
    if (words.length != channels) {
      throw bad(
          name
              + " has "
              + words.length
              + " values, expected one for each of the "
              + channels
              + " channels");
    }
    float[] values = new float[channels];
    for (int i = 0; i < channels; i++) values[i] = (float) value(i);
    return values;
  }

  /** Reads the tree without recursion, so that no depth of nesting exhausts the stack. */
  private void hierarchy() throws IOException {
    expect("HIERARCHY");
    next("ROOT NAME");
    if (words.length != 2 || !words[0].equals("ROOT")) throw wrong("ROOT NAME");
    int open = joint(words[1], -1);
    while (open >= 0) {
      next("JOINT NAME, End Site or }");
      if (words.length == 1 && words[0].equals("}")) {
        open = joints.get(open).parent();
      } else if (words.length == 2 && words[0].equals("JOINT")) {
        open = joint(words[1], open);
      } else if (words.length == 2 && words[0].equals("End") && words[1].equals("Site")) {
        expect("{");
        add(new Joint("", open, offset(), List.of()));
        expect("}");
      } else {
        throw wrong("JOINT NAME, End Site or }");
      }
    }
  }

  private int joint(String name, int parent) throws IOException {
    if (joints.stream().anyMatch(j -> j.name().equals(name))) {
      throw bad("the joint '" + name + "' is there twice");
    }
    expect("{");
    Vec offset = offset();
    next("CHANNELS COUNT NAME ...");
    if (words.length < 2
        || !words[0].equals("CHANNELS")
        || !words[1].equals(Integer.toString(words.length - 2))) {
      throw wrong("CHANNELS COUNT NAME ... with as many names as the count says");
    }
    List<Channel> channels = new ArrayList<>();
    for (int i = 2; i < words.length; i++) channels.add(channel(words[i], parent, channels));
    return add(new Joint(name, parent, offset, channels));
  }

  private Channel channel(String word, int parent, List<Channel> before) {
    for (Channel c : Channel.values()) {
      if (!c.word().toLowerCase(Locale.ROOT).equals(word.toLowerCase(Locale.ROOT))) continue;
      if (before.contains(c)) throw bad("the channel " + word + " is there twice");
      if (c.moves() && parent >= 0) {
        throw bad(
            "the channel "
                + word
                + " moves a joint that is not the root: only rotations are understood there");
      }
      return c;
    }
    throw bad("the channel '" + word + "' is none of Xposition, ..., Zrotation");
  }

  private Vec offset() throws IOException {
    next("OFFSET X Y Z");
    if (words.length != 4 || !words[0].equals("OFFSET")) throw wrong("OFFSET X Y Z");
    return new Vec(value(1), value(2), value(3));
  }

  private int add(Joint joint) {
    if (joints.size() == MOST_JOINTS) throw bad("there are more than " + MOST_JOINTS + " joints");
    joints.add(joint);
    return joints.size() - 1;
  }

  private double value(int word) {
    String s = words[word];
    char last = s.charAt(s.length() - 1); // Java's own suffixes and names are no numbers here
    if (last == '.' || last >= '0' && last <= '9') {
      try {
        double v = Double.parseDouble(s);
        if (Math.abs(v) <= MOST) return v;
      } catch (NumberFormatException e) {
        // refused below, as all that is no number
      }
    }
    throw bad("value " + (word + 1) + " '" + shown(s) + "' is no number within " + (long) MOST);
  }

  private void expect(String word) throws IOException {
    next(word);
    if (words.length != 1 || !words[0].equals(word)) throw wrong(word);
  }

  private void next(String expected) throws IOException {
    if (!advance()) throw bad("the file ends here, expected " + expected);
  }

  /** To the next line that is not blank; false at the end. */
  private boolean advance() throws IOException {
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      number++;
      String text = line.strip();
      if (!text.isEmpty()) {
        words = SPACES.split(text);
        return true;
      }
    }
    return false;
  }

  private IllegalArgumentException wrong(String expected) {
    return bad("'" + shown(String.join(" ", words)) + "', expected " + expected);
  }

  private static String shown(String text) {
    return text.length() <= 60 ? text : text.substring(0, 60) + "...";
  }

  private IllegalArgumentException bad(String message) {
    return new IllegalArgumentException(file + " line " + number + ": " + message);
  }
}
