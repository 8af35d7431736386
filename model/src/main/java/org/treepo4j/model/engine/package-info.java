/**
 * The choice of an engine. {@link org.treepo4j.model.engine.Engines} opens models, {@link
 * org.treepo4j.model.engine.EngineReport} tells what this machine and class path offer.
 */
package org.treepo4j.model.engine;
