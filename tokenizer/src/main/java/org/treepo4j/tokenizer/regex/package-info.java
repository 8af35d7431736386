/**
 * Regular expressions as the tokenizer files of other tools mean them: the Oniguruma dialect (Ruby
 * syntax) over Unicode 16 code points, whatever Unicode the running JDK knows. Matching needs no
 * call stack, so a megabyte of text cannot overflow it, and counts its steps, so a hostile pattern
 * cannot hang. {@link org.treepo4j.tokenizer.regex.Regex} is the one type to know.
 */
package org.treepo4j.tokenizer.regex;
