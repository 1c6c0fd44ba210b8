#include "COTACurlShims.h"
