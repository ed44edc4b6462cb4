package dev.visionllm.text;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.PriorityQueue;
import java.util.Set;

/**
 * Byte-pair encoding of the LLaMA family: spaces are written as U+2581, the best merge (leftmost
 * among equals) is applied until none is left, characters outside the vocabulary become bytes.
 */
final class BytePairs implements Engine {
  static final char SPACE = '\u2581';

  /** Where a space is put before the text. */
  enum Prefix {
    NONE,
    /** Before the text and after every special token in it: LlamaTokenizer with legacy = true. */
    EVERY_SEGMENT,
    /** Before the text only, unless it starts with a special token: legacy = false. */
    FIRST,
    /** As FIRST, but not where the text starts with a space: Metaspace of tokenizer.json. */
    FIRST_UNLESS_SPACE
  }

  /** How good it is to merge two neighbours; lower is better, NaN is not at all. */
  interface Ranks {
    double of(String left, String right);
  }

  private final String[] pieces;
  private final int[] bytes;
  private final int[] byteIds;
  private final Map<String, Integer> ids;
  private final Map<String, Integer> mergeable;
  private final Map<String, Integer> special;
  private final Map<Character, List<String>> specialByStart;
  private final List<String> frozen;
  private final Ranks ranks;
  private final Prefix prefix;

  /**
   * @param pieces text by id; null where an id is free
   * @param mergeable pieces that text may become, with their ids
   * @param special tokens that are cut out of the text before it is encoded, with their ids
   * @param frozen pieces that are taken whole and never merged, the longest first
   */
  private BytePairs(
      String[] pieces,
      Map<String, Integer> mergeable,
      Map<String, Integer> special,
      List<String> frozen,
      Ranks ranks,
      Prefix prefix,
      String name) {
    this.pieces = pieces;
    this.mergeable = mergeable;
    this.special = special;
    this.frozen = frozen;
    this.ranks = ranks;
    this.prefix = prefix;
    ids = new HashMap<>();
    for (int i = 0; i < pieces.length; i++) if (pieces[i] != null) ids.putIfAbsent(pieces[i], i);
    ids.putAll(special);
    bytes = new int[pieces.length];
    byteIds = new int[256];
    Arrays.fill(bytes, -1);
    for (int b = 0; b < 256; b++) {
      Integer id = ids.get(String.format("<0x%02X>", b));
      if (id == null) {
        throw new IllegalArgumentException(
            name + String.format(" has no token <0x%02X>: all 256 byte tokens are needed", b));
      }
      byteIds[b] = id;
      bytes[id] = b;
    }
    specialByStart = new HashMap<>();
    for (String s : special.keySet()) {
      specialByStart.computeIfAbsent(s.charAt(0), c -> new ArrayList<>()).add(s);
    }
    specialByStart.values().forEach(l -> l.sort((a, b) -> b.length() - a.length()));
  }

  /** The tokenizer of a SentencePiece model, with more special tokens at given ids. */
  static BytePairs of(
      SentencePieceModel model, Map<String, Integer> added, boolean legacy, String name) {
    int size = model.pieces().size();
    for (int id : added.values()) size = Math.max(size, id + 1);
    String[] pieces = new String[size];
    Map<String, Integer> mergeable = new HashMap<>();
    Map<String, Float> scores = new HashMap<>();
    Map<String, Integer> special = new LinkedHashMap<>();
    List<String> frozen = new ArrayList<>();
    for (int i = 0; i < model.pieces().size(); i++) {
      SentencePieceModel.Piece p = model.pieces().get(i);
      pieces[i] = p.text();
      switch (p.type()) {
        case NORMAL -> {
          mergeable.put(p.text(), i);
          scores.put(p.text(), p.score());
        }
        case USER_DEFINED -> {
          mergeable.put(p.text(), i);
          frozen.add(p.text());
        }
        case CONTROL, UNKNOWN -> special.put(p.text(), i);
        case BYTE, UNUSED -> {}
      }
    }
    frozen.sort((a, b) -> b.length() - a.length());
    place(pieces, special, added, name);
    Ranks ranks =
        (l, r) -> {
          Float score = scores.get(l + r);
          return score == null ? Double.NaN : -score;
        };
    Prefix prefix =
        !legacy ? Prefix.FIRST : model.dummyPrefix() ? Prefix.EVERY_SEGMENT : Prefix.NONE;
    return new BytePairs(pieces, mergeable, special, frozen, ranks, prefix, name);
  }

  /**
   * A tokenizer from a vocabulary and merges in order of preference, as tokenizer.json has them.
   */
  static BytePairs of(
      Map<String, Integer> vocabulary,
      List<String[]> merges,
      Map<String, Integer> added,
      Prefix prefix,
      String name) {
    int size = 0;
    for (int id : vocabulary.values()) size = Math.max(size, id + 1);
    for (int id : added.values()) size = Math.max(size, id + 1);
    String[] pieces = new String[size];
    vocabulary.forEach((text, id) -> pieces[id] = text);
    Map<String, Integer> special = new LinkedHashMap<>();
    place(pieces, special, added, name);
    Map<String, Integer> order = new HashMap<>();
    for (String[] m : merges) {
      for (String part : List.of(m[0], m[1], m[0] + m[1])) {
        if (!vocabulary.containsKey(part)) {
          throw new IllegalArgumentException(
              name
                  + ": merge of '"
                  + m[0]
                  + "' and '"
                  + m[1]
                  + "' needs '"
                  + part
                  + "', which is not in the vocabulary");
        }
      }
      order.putIfAbsent(m[0] + '\0' + m[1], order.size());
    }
    Ranks ranks =
        (l, r) -> {
          Integer rank = order.get(l + '\0' + r);
          return rank == null ? Double.NaN : rank;
        };
    return new BytePairs(pieces, vocabulary, special, List.of(), ranks, prefix, name);
  }

  private static void place(
      String[] pieces, Map<String, Integer> special, Map<String, Integer> added, String name) {
    added.forEach(
        (text, id) -> {
          if (text.isEmpty()) throw new IllegalArgumentException(name + " adds an empty token");
          if (id < 0 || pieces[id] != null && !pieces[id].equals(text)) {
            throw new IllegalArgumentException(
                name
                    + ": added token '"
                    + text
                    + "' has id "
                    + id
                    + (id < 0 ? "" : ", which is '" + pieces[id] + "'"));
          }
          pieces[id] = text;
          special.put(text, id);
        });
  }

  @Override
  public BytePairs extended(List<String> tokens) {
    Map<String, Integer> more = new LinkedHashMap<>(special);
    int next = pieces.length;
    for (String t : tokens) {
      Integer id = ids.get(t);
      more.put(t, id == null ? next++ : id);
    }
    String[] grown = Arrays.copyOf(pieces, next);
    Map<String, Integer> placed = new LinkedHashMap<>();
    place(grown, placed, more, "tokenizer");
    return new BytePairs(grown, mergeable, placed, frozen, ranks, prefix, "tokenizer");
  }

  @Override
  public Encoded encode(String text) {
    Sink out = new Sink();
    int from = 0;
    int at = 0;
    while (at < text.length()) {
      String token = specialAt(text, at);
      if (token == null) {
        at++;
        continue;
      }
      segment(text, from, at, out);
      out.add(special.get(token), at, at + token.length());
      at += token.length();
      from = at;
    }
    segment(text, from, text.length(), out);
    return out.encoded();
  }

  private String specialAt(String text, int at) {
    for (String s : specialByStart.getOrDefault(text.charAt(at), List.of())) {
      if (text.startsWith(s, at)) return s;
    }
    return null;
  }

  private void segment(String text, int from, int to, Sink out) {
    if (from == to) return;
    String s = text.substring(from, to).replace(' ', SPACE);
    boolean prefixed =
        switch (prefix) {
          case NONE -> false;
          case EVERY_SEGMENT -> true;
          case FIRST -> from == 0;
          case FIRST_UNLESS_SPACE -> from == 0 && s.charAt(0) != SPACE;
        };
    int shift = prefixed ? from - 1 : from;
    merge(prefixed ? SPACE + s : s, shift, from, out);
  }

  private record Candidate(double rank, int left, int right, int length)
      implements Comparable<Candidate> {
    @Override
    public int compareTo(Candidate o) {
      int c = Double.compare(rank, o.rank);
      return c != 0 ? c : Integer.compare(left, o.left);
    }
  }

  /** Symbols are kept at the index of their first char; end[i] = 0 where no symbol starts. */
  private void merge(String s, int shift, int from, Sink out) {
    int n = s.length();
    int[] end = new int[n];
    int[] previous = new int[n];
    boolean[] whole = new boolean[n];
    int last = -1;
    for (int i = 0; i < n; i = end[i]) {
      String taken = null;
      for (String f : frozen) {
        if (s.startsWith(f, i)) {
          taken = f;
          break;
        }
      }
      whole[i] = taken != null;
      end[i] = taken != null ? i + taken.length() : s.offsetByCodePoints(i, 1);
      previous[i] = last;
      last = i;
    }
    PriorityQueue<Candidate> queue = new PriorityQueue<>();
    for (int i = 0; end[i] < n; i = end[i]) propose(s, i, end, whole, queue);
    while (!queue.isEmpty()) {
      Candidate c = queue.poll();
      int l = c.left();
      int r = c.right();
      if (end[l] != r || end[r] - l != c.length()) continue; // one of them was merged meanwhile
      end[l] = end[r];
      end[r] = 0;
      if (end[l] < n) {
        previous[end[l]] = l;
        propose(s, l, end, whole, queue);
      }
      if (previous[l] >= 0) propose(s, previous[l], end, whole, queue);
    }
    for (int i = 0; i < n; i = end[i]) {
      int start = Math.max(i + shift, from);
      int stop = Math.max(end[i] + shift, from);
      Integer id = mergeable.get(s.substring(i, end[i]));
      if (id != null) {
        out.add(id, start, stop);
      } else {
        for (byte b : s.substring(i, end[i]).getBytes(StandardCharsets.UTF_8)) {
          out.add(byteIds[b & 0xff], start, stop);
        }
      }
    }
  }

  private void propose(
      String s, int left, int[] end, boolean[] whole, PriorityQueue<Candidate> queue) {
    int right = end[left];
    if (whole[left] || whole[right]) return;
    double rank = ranks.of(s.substring(left, right), s.substring(right, end[right]));
    if (!Double.isNaN(rank)) queue.add(new Candidate(rank, left, right, end[right] - left));
  }

  private static final class Sink {
    private int[] ids = new int[64];
    private int[] starts = new int[64];
    private int[] ends = new int[64];
    private int n;

    void add(int id, int start, int end) {
      if (n == ids.length) {
        ids = Arrays.copyOf(ids, 2 * n);
        starts = Arrays.copyOf(starts, 2 * n);
        ends = Arrays.copyOf(ends, 2 * n);
      }
      ids[n] = id;
      starts[n] = start;
      ends[n++] = end;
    }

    Encoded encoded() {
      return new Encoded(Arrays.copyOf(ids, n), Arrays.copyOf(starts, n), Arrays.copyOf(ends, n));
    }
  }

  @Override
  public String token(int id) {
    return id < 0 || id >= pieces.length ? null : pieces[id];
  }

  @Override
  public OptionalInt id(String token) {
    Integer id = ids.get(token);
    return id == null ? OptionalInt.empty() : OptionalInt.of(id);
  }

  @Override
  public int size() {
    return pieces.length;
  }

  @Override
  public TextStream stream() {
    return new TextStream() {
      private final Utf8Stream utf8 = new Utf8Stream();
      private boolean prefixPending = prefix != Prefix.NONE;
      private boolean started;

      @Override
      public String add(int id) {
        String piece = token(id);
        boolean first = !started;
        started = true;
        if (special.containsKey(piece)) {
          String text = utf8.end() + piece;
          boolean begins = first && piece.equals("<s>");
          prefixPending = prefix == Prefix.EVERY_SEGMENT || begins && prefix != Prefix.NONE;
          return text;
        }
        boolean strip = prefixPending && piece.charAt(0) == SPACE;
        prefixPending = false;
        if (bytes[id] >= 0) return utf8.add((byte) bytes[id]);
        String text = piece.replace(SPACE, ' ');
        return utf8.end() + (strip ? text.substring(1) : text);
      }

      @Override
      public String end() {
        return utf8.end();
      }
    };
  }

  /**
   * The text as transformers' slow LlamaTokenizer (4.34) decodes it, with its spaces around added
   * tokens and its double removal of leading spaces.
   */
  String decodeLikeReference(int[] tokens, boolean skipSpecial) {
    Set<String> basic = new HashSet<>(List.of("<s>", "</s>", "<unk>"));
    List<String> parts = new ArrayList<>();
    List<String> run = new ArrayList<>();
    for (int id : tokens) {
      String piece = pieces[id];
      boolean isSpecial = special.containsKey(piece);
      if (isSpecial && skipSpecial) continue;
      if (isSpecial && !basic.contains(piece)) {
        if (!run.isEmpty()) parts.add(join(run, basic));
        run.clear();
        parts.add(piece);
      } else {
        run.add(piece);
      }
    }
    if (!run.isEmpty()) parts.add(join(run, basic));
    parts.removeIf(String::isEmpty);
    return String.join(" ", parts);
  }

  private String join(List<String> run, Set<String> basic) {
    boolean legacy = prefix == Prefix.EVERY_SEGMENT;
    StringBuilder out = new StringBuilder();
    List<String> plain = new ArrayList<>();
    boolean afterSpecial = false;
    for (int i = 0; i < run.size(); i++) {
      String piece = run.get(i);
      if (i == 0 && piece.charAt(0) == SPACE) piece = piece.substring(1);
      if (basic.contains(piece)) {
        if (!afterSpecial && i != 0 && legacy) out.append(' ');
        out.append(joinPlain(plain, legacy)).append(piece);
        plain.clear();
        afterSpecial = true;
      } else {
        plain.add(piece);
        afterSpecial = false;
      }
    }
    return out.append(joinPlain(plain, legacy)).toString();
  }

  /** SentencePiece's own decoding: one leading space is dropped where the model adds one. */
  private String joinPlain(List<String> run, boolean dropsLeadingSpace) {
    Utf8Stream utf8 = new Utf8Stream();
    StringBuilder out = new StringBuilder();
    boolean atStart = dropsLeadingSpace;
    for (String piece : run) {
      Integer id = ids.get(piece);
      if (id == null) { // a spelling outside the vocabulary is passed through
        out.append(utf8.end()).append(piece);
      } else if (bytes[id] >= 0) {
        out.append(utf8.add((byte) bytes[id]));
      } else {
        boolean drop = atStart && piece.charAt(0) == SPACE;
        if (drop) atStart = false;
        out.append(utf8.end()).append((drop ? piece.substring(1) : piece).replace(SPACE, ' '));
      }
      if (out.length() > 0) atStart = false;
    }
    return out.append(utf8.end()).toString();
  }

  @Override
  public void close() {}
}
