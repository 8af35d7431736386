/**
 * Tasks: questions with known answers, read from the user's files.
 *
 * <p>Start at {@link org.treepo4j.rl.data.TaskReader}, which turns a file into {@link
 * org.treepo4j.rl.data.Task}s.
 */
package org.treepo4j.rl.data;
