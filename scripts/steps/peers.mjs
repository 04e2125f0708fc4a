// The Python environment of test/peers: packages of test/peers/requirements.txt in a folder of the cache, nothing else.
import { programOf, pythonEnvironment } from './python-environment.mjs';

/** The Python of the environment. */
export const peersProgram = programOf('peers');

/** Makes the environment where it is not there, or was made from another list. Throws where it cannot be had. */
export const peersEnvironment = () => pythonEnvironment('peers', 'test/peers/requirements.txt');
